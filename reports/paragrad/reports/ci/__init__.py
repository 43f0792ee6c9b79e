"""Records and checks as CI shows them: a job summary, a comment of ten lines, JUnit XML, annotations of lines."""
