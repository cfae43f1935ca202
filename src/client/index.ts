/** What `import ... from 'sluice/runtime'` gives. */
export type { Answer } from './answer.ts';
export { connect, type RuntimeClient } from './connect.ts';
export { RuntimeClientError } from './failures.ts';
export type { Version } from './identity.ts';
export type { ServerState } from './parse/columns.ts';
export type { Info } from './parse/info.ts';
export type { StatRow } from './parse/stat.ts';
export {
  AlreadyExistsError,
  InUseError,
  NotFoundError,
  OutOfRangeError,
  PermissionDeniedError,
  RefusedError,
  RuntimeCommandError,
  UnknownCommandError,
} from './refusals.ts';
export type { ClientOptions, CommandOptions } from './session.ts';
export type { TlsOptions } from './socket.ts';
