import { randomBytes } from 'node:crypto';
import { shown } from '../../util/shown.ts';
import { storedCertificates } from '../certificates/in-store.ts';
import { OperationError } from '../errors.ts';
import { bytesOf } from '../file-content.ts';
import { spanKind, textKind } from '../kinds.ts';
import { changing, reading } from '../operation.ts';
import { durationText, table } from '../text.ts';

const PAGE = { page: 'certificates.md', group: 'certificates' } as const;

export const certs = reading({
  ...PAGE,
  name: 'certs',
  summary: 'the certificates in memory, those that expire first at the top',
  parameters: {},
  options: { expiring: { kind: spanKind, about: 'only those that expire within this time' } },
  about: ['What is served, which may be newer or older than the files.'],
  examples: [{ command: 'certs --expiring 30d', about: 'what has to be renewed' }],
  async show({ expiring }, { target }) {
    const all = [...(await storedCertificates(target.client))].sort((a, b) => (a.notAfter ?? 0) - (b.notAfter ?? 0));
    const now = Date.now();
    const wanted = all.filter(({ notAfter }) => expiring === null || (notAfter ?? 0) - now <= expiring);
    const rows = wanted.map(({ file, names, notAfter, used, algorithm }) => [
      file,
      names.join(' '),
      algorithm,
      notAfter === null ? 'unknown end' : notAfter > now ? `expires in ${durationText(notAfter - now)}` : 'expired',
      used ? '' : 'unused',
    ]);
    const lines = rows.length === 0 ? ['none'] : table(rows.map((row) => row.map(shown)));
    return { records: wanted.map((one) => ({ type: 'certificate', ...one })), lines };
  },
});

export const rotateTicketKeys = changing({
  ...PAGE,
  name: 'rotate-ticket-keys',
  summary: 'add a new key for TLS session tickets; the oldest one goes',
  parameters: {
    keys: {
      kind: textKind('FILE|#ID', 'as HAProxy names it'),
      about: 'the file of keys; default: the only one',
      optional: true,
    },
  },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['ticket-key.set'],
  inverse: 'on Sluice the keys of before; on HAProxy nothing: a key that is gone stays gone',
  about: [
    'The new key is made here from the random source of the system, as long as those that are there. HAProxy encrypts with the last but one, so that all machines that share the keys know a key before it is used: give each of them the same file of keys, or rotate on one machine only.',
  ],
  examples: [{ command: 'rotate-ticket-keys /etc/haproxy/tickets.keys', about: 'once a day from a timer' }],
  async plan({ keys }, { target: { client } }) {
    const files = await client.showTlsKeys();
    const wanted = files.filter(({ id, file }) => keys === null || file === keys || `#${id}` === keys);
    const list = files.map(({ file, id }) => file || `#${id}`).join(', ') || 'none';
    if (wanted.length !== 1)
      throw new OperationError(
        'unknown',
        `${keys === null ? 'which file of ticket keys is not said' : `there is no file of ticket keys '${keys}'`}; there are ${list}`,
      );
    const [{ id, file, keys: there }] = wanted as [(typeof files)[number]];
    const length = Buffer.from(there[0] ?? '', 'base64').length;
    if (length !== 48 && length !== 80)
      throw new OperationError('refused', `the keys of ${list} are ${length} bytes long; 48 or 80 are known`);
    const key = randomBytes(length).toString('base64');
    return { steps: [{ do: 'change', changes: [{ kind: 'ticket-key.set', keys: file || `#${id}`, key }] }] };
  },
});

export const updateOcsp = changing({
  ...PAGE,
  name: 'update-ocsp',
  summary: 'put a new OCSP response in the place of the one for the same certificate',
  parameters: { file: { kind: textKind('FILE', 'an OCSP response as DER', 'files'), about: 'the response' } },
  options: {},
  danger: 'changes',
  guards: [],
  makes: ['ocsp.set'],
  inverse: 'nothing: responses are signed for a time',
  about: [
    'HAProxy refuses a response that is for no certificate in memory, that is not signed, or that is out of date.',
  ],
  examples: [{ command: 'update-ocsp ./www.example.net.ocsp', about: 'as `openssl ocsp -respout` wrote it' }],
  plan({ file }) {
    const response = bytesOf(file).toString('base64');
    if (!response.startsWith('MI'))
      throw new OperationError('refused', `${file} is no DER: an OCSP response begins with a sequence`);
    return { steps: [{ do: 'change', changes: [{ kind: 'ocsp.set', response }] }] };
  },
});
