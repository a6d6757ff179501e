-- Lists that are to tell of cases (1) go before news (from now on 2), which moves all below it.
UPDATE outbox SET priority = priority + 1 WHERE priority >= 1;
