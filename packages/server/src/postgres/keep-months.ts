/**
 * Keeps retention from dropping a month until the end of a transaction that reads. Before its snapshot, which this does not
 * take: a table that is gone is gone for every snapshot, also for one that does not see yet since when records are kept.
 */
export const keepMonths = "LOCK TABLE ONLY records IN ACCESS SHARE MODE";
