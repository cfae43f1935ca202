import type { Location, WordsAt } from './place.ts';

/** Health checking of a backend: the protocol, and the steps of `http-check` / `tcp-check` in order. */
export interface HealthCheckConfig {
  readonly kind:
    | 'tcp'
    | 'http'
    | 'tcp-check'
    | 'ssl-hello'
    | 'smtp'
    | 'mysql'
    | 'pgsql'
    | 'redis'
    | 'ldap'
    | 'spop'
    | 'external';
  /** `option httpchk` arguments, or those of the other check options. */
  readonly args: readonly string[];
  readonly rules: readonly WordsAt[];
  /** `option httpchk` is written behind the first `http-check send` and wins over it where both say something. */
  readonly optionWins?: boolean;
  readonly disableOn404: boolean;
  readonly sendState: boolean;
  readonly externalCommand: string | null;
  readonly externalPath: string | null;
}

/** A `healthcheck` section: what servers that name it are checked by, in place of what their backend says. */
export interface HealthCheckSection {
  readonly name: string;
  readonly at: Location;
  readonly healthCheck: HealthCheckConfig;
}
