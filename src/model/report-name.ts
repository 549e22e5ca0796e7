/** Name and version of the report document. Apart from its schema, which loads a library that a report does not need. */
export const REPORT = 'vdsowatch/report/1';
