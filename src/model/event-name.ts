/**
 * Name and version of one line of `watch -o ndjson`. Apart from its schema, which loads a library that lines do not need.
 */
export const EVENT = 'vdsowatch/event/1';
