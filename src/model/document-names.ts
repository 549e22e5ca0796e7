/**
 * Names and versions of the documents that leave the program most often. Apart from their schemas, which load a library
 * that who only prints does not need.
 */
export const REPORT = 'vdsowatch/report/1';
/** One line of `watch -o ndjson`. */
export const EVENT = 'vdsowatch/event/1';
