/** What `import ... from 'sluice/dataplane'` gives. */
export type { CallOptions } from './call-options.ts';
export { DataPlane, type DataPlaneOptions, type Transaction, type TransactionOptions } from './client.ts';
export {
  ChangedError,
  ConflictError,
  DataPlaneError,
  ForbiddenError,
  InvalidError,
  NoAnswerError,
  NotFoundError,
  NotServedError,
  RefusedError,
  ReloadFailedError,
  ServiceError,
  TooManyError,
  UnauthenticatedError,
  WrongFormError,
} from './errors.ts';
export type { FileUpload } from './file-upload.ts';
export type * from './generated.ts';
export type { Answered, AnswerOf, CallOf, Method, PathOf } from './types.ts';
