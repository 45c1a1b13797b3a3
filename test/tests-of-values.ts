/**
 * Tests of values alone: they open no database, server, process or browser, and what they load keeps nothing but what it
 * would compute again, so that their files follow each other in one process and load their subjects once.
 */
export const testsOfValues = /^packages\/(core|contract|dashboard)\/src\/.*\.test\.ts$/;
