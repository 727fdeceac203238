export const GIB = 1024 ** 3;

/** 21 November 2026, 12:00 UTC: "now" on the server in tests that have no clock of their own. */
export const NOON = Date.UTC(2026, 10, 21, 12, 0, 0);

export const iso = (at: number): string => new Date(at).toISOString();
