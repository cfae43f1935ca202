/** What `import ... from 'sluice/runtime'` gives. */
export type { Answer } from './answer.ts';
export type { Reload } from './commands/master.ts';
export type { TableFilter } from './commands/tables.ts';
export { connect, type RuntimeClient } from './connect.ts';
export type { AskOptions, Conversation, Spoken } from './conversation.ts';
export { RuntimeClientError } from './failures.ts';
export type { Version } from './identity.ts';
export type { CapturedError, CapturedErrors } from './parse/captured.ts';
export type { CertificateFacts, CrtListEntry, Stores, TicketKeys } from './parse/certificates.ts';
export type { ServerConn, ServerState } from './parse/columns.ts';
export type { Info } from './parse/info.ts';
export type { EventSink, Peers, Process, Resolvers } from './parse/names.ts';
export type { AclEntry, Lookup, MapEntry, PatternSet } from './parse/patterns.ts';
export type { SessionRow } from './parse/sessions.ts';
export type { StatRow } from './parse/stat.ts';
export type { Table, TableEntry } from './parse/tables.ts';
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
export type { ClientOptions, CommandOptions, StreamOptions } from './session.ts';
export type { TlsOptions } from './socket.ts';
export type { Feature } from './versions.ts';
