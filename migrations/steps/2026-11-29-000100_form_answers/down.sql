DROP TABLE sessions.form_answers;
