import type { ConnectionOptions } from 'node:tls';
import { type Issued, issue, revocationList } from '../support/pki.ts';

/** Certificates of the family `tls`. */
export interface People {
  /** Files that configurations name. */
  readonly files: Readonly<Record<string, string>>;
  /** What a client shows of itself, by who it is. */
  readonly clients: Readonly<Record<string, ConnectionOptions>>;
  /** What the servers show. */
  readonly server: { readonly cert: string; readonly key: string; readonly ca: string };
}

const shown = ({ certificate, key }: Issued): ConnectionOptions => ({ cert: certificate, key });
const DAY = 86_400_000;

let made: People | null = null;

/** The certificates, made when they are asked for first. */
export function people(): People {
  made ??= make();
  return made;
}

function make(): People {
  const authority = issue({ name: 'Authority', ca: true });
  const users = issue({ name: 'Users', ca: true });
  const site = issue({
    name: 'www.example.com',
    dns: ['www.example.com', '*.wild.example'],
    issuer: authority,
    type: 'rsa',
  });
  const siteEc = issue({ name: 'www.example.com', dns: ['www.example.com'], issuer: authority });
  const api = issue({ name: 'api.example.com', dns: ['api.example.com'], issuer: authority });
  const app = issue({ name: 'app.example', dns: ['app.example'], issuer: authority });
  const ann = issue({ name: 'ann', issuer: users, serial: 0x77 });
  const revoked = issue({ name: 'rob', issuer: users, serial: 0x78 });
  return {
    files: {
      'site.pem': site.pem,
      'site-ec.pem': siteEc.pem,
      'api.pem': api.pem,
      'authority.pem': authority.certificate,
      'users.pem': users.certificate,
      'users.crl': revocationList(users, [revoked]),
      'ann.pem': ann.pem,
      'sites.crt-list':
        'site.pem\nsite-ec.pem [ssl-min-ver TLSv1.3]\napi.pem [alpn h2,http/1.1 verify none] api.example.com !no.example.com\n',
    },
    clients: {
      nobody: {},
      ann: shown(ann),
      revoked: shown(revoked),
      expired: shown(
        issue({ name: 'eve', issuer: users, notBefore: Date.now() - 9 * DAY, notAfter: Date.now() - DAY }),
      ),
      stranger: shown(issue({ name: 'stranger', issuer: authority })),
      alone: shown(issue({ name: 'alone' })),
    },
    server: { cert: app.certificate, key: app.key, ca: users.certificate },
  };
}
