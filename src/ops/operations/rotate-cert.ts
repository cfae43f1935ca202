import { choiceKind, textKind } from '../kinds.ts';
import { changing } from '../operation.ts';

const FAULTS = ['key', 'chain', 'names', 'expiry'] as const;

export const rotateCert = changing({
  name: 'rotate-cert',
  group: 'certificates',
  summary: 'put a new certificate in the place of the one in force, and prove it by a handshake',
  parameters: {
    name: {
      kind: textKind('DOMAIN|CERTIFICATE', 'a host name, or a certificate as HAProxy names it'),
      about: 'what is rotated',
    },
    file: { kind: textKind('FILE', 'a PEM file: certificate, chain, key', 'files'), about: 'the new one' },
  },
  options: {
    key: { kind: textKind('FILE', 'a PEM file', 'files'), about: 'the private key, where it is in a file of its own' },
    listener: {
      kind: textKind('HOST:PORT', 'an address'),
      about: 'where the handshake is made; default: where this process listens with the old one',
    },
    allow: { kind: choiceKind(FAULTS), about: 'go on although this is wrong with the new one' },
  },
  danger: 'changes',
  guards: [],
  makes: ['cert.set'],
  inverse: 'the certificate of before, where it can be read (its file on this machine, or HAProxy 3.1 and later)',
  about: [
    'With a host name it finds every certificate in memory that is for it, exactly or by a wildcard, and rotates each.',
    'Refused before anything is touched: a key that does not belong to the certificate, a chain that is out of order or not complete, names that the old one has and the new one lacks, a certificate that is not valid now or expires before the old one.',
    'Then it is put in force (new connections get it), and a TLS handshake with the name must show it, on each listener that showed the old one. When one does not, the old certificate comes back (exit status 7).',
    'In memory only: write the file too, or the next restart brings the old one back.',
  ],
  examples: [
    { command: 'rotate-cert www.example.net ./www.example.net.pem --dry-run', about: 'what is found and checked' },
    { command: 'rotate-cert www.example.net ./fullchain.pem --key ./privkey.pem', about: 'as ACME clients leave it' },
  ],
  page: 'certificates.md',
  plan: async (values, situation) => (await import('../certificates/rotation.ts')).planRotation(values, situation),
});
