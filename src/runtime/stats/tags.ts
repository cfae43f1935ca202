const ORIGIN: Readonly<Record<string, string>> = { M: 'Metric', S: 'Status', K: 'Key', C: 'Config', P: 'Product' };
const NATURE: Readonly<Record<string, string>> = {
  G: 'Gauge',
  L: 'Limit',
  m: 'Min',
  M: 'Max',
  R: 'Rate',
  C: 'Counter',
  D: 'Duration',
  A: 'Age',
  T: 'Time',
  N: 'Name',
  O: 'Output',
  a: 'Avg',
};
const SCOPE: Readonly<Record<string, string>> = { C: 'Cluster', S: 'Service', P: 'Process', Y: 'System' };

/** The tag letters of a field in words, as the JSON forms have them. */
export function tagsJson(tags: string): string {
  return `{"origin":"${ORIGIN[tags[0]!]}","nature":"${NATURE[tags[1]!]}","scope":"${SCOPE[tags[2]!]}"}`;
}
