"""How many gradient elements of sound engines are judged before the judge calls one wrong: `paragrad false-alarms`."""
