"""What stands on each page: functions from a body to sections, a file a subject."""
