-- expand
-- Who gets the statistics of each week; told: the Monday, as date.toordinal(), on which they were last
-- owed, or from which on the next are.
CREATE TABLE weekly_statistics (
    employee_id BIGINT PRIMARY KEY REFERENCES employees (id) ON DELETE CASCADE,
    told BIGINT NOT NULL
);

CREATE INDEX weekly_statistics_told ON weekly_statistics (told);
