/** Addresses are bigint inside and "0x..." outside. */
export const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** "7f00-7f02" as /proc/PID/maps prints a range. */
export const hexRange = (start: bigint, end: bigint): string => `${start.toString(16)}-${end.toString(16)}`;
