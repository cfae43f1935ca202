/** MaxMind DB files (format 2.0, IPv4, records of 24 bits) of networks and what is known of them. */

const LEAF = 0x1000000;

/** The bytes of a file: `entries` are networks (`192.0.2.0/24`) and values of texts, whole numbers, doubles, booleans, lists and objects. */
export function mmdbFile(entries: readonly (readonly [network: string, value: unknown])[], type = 'Test'): Buffer {
  const nodes: [number, number][] = [[0, 0]];
  const data: Buffer[] = [];
  let size = 0;
  for (const [network, value] of entries) {
    const bytes = encode(value);
    insert(nodes, network, LEAF + size);
    data.push(bytes);
    size += bytes.length;
  }
  const count = nodes.length;
  const record = (to: number): Buffer => {
    const bytes = Buffer.alloc(3);
    bytes.writeUIntBE(to === 0 ? count : to >= LEAF ? count + 16 + to - LEAF : to, 0, 3);
    return bytes;
  };
  const about = {
    node_count: count,
    record_size: 24,
    ip_version: 4,
    database_type: type,
    languages: ['en'],
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    description: { en: 'for tests' },
  };
  return Buffer.concat([
    ...nodes.flatMap((pair) => pair.map(record)),
    Buffer.alloc(16),
    ...data,
    Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'),
    encode(about),
  ]);
}

function insert(nodes: [number, number][], network: string, leaf: number): void {
  const [address = '', bits = '32'] = network.split('/');
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  let node = 0;
  for (let depth = 0; depth < Number(bits); depth++) {
    const bit = ((value >>> (31 - depth)) & 1) as 0 | 1;
    if (depth === Number(bits) - 1) nodes[node]![bit] = leaf;
    else {
      if (nodes[node]![bit] === 0) nodes[node]![bit] = nodes.push([0, 0]) - 1;
      node = nodes[node]![bit];
    }
  }
}

function encode(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (typeof value === 'number' && Number.isInteger(value)) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const fields = Object.entries(value as object);
  return Buffer.concat([control(7, fields.length), ...fields.flat().map(encode)]);
}

/** Type and size, below 29 + 256. */
function control(type: number, size: number): Buffer {
  const first = type < 8 ? type << 5 : 0;
  const low = size < 29 ? size : 29;
  const bytes = type < 8 ? [first | low] : [low, type - 7];
  if (low === 29) bytes.push(size - 29);
  return Buffer.from(bytes);
}
