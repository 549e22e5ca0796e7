/** Orders addresses, and times: a sort wants a number, and the difference of two bigints is none. */
export const ascending = (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0);
