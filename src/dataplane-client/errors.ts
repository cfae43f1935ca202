/** How a request can fail. */

/** Base of all errors of the client. */
export class DataPlaneError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** No whole answer came; whether the request was done is not known. `code`: `TIMEOUT`, `TOO_LONG`, `ECONNREFUSED`, ... */
export class NoAnswerError extends DataPlaneError {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The service refused the request; nothing was done. */
export class RefusedError extends DataPlaneError {
  /** HTTP status. */
  readonly status: number;
  /** Further members of the answer: `field`, `file`, `line`, `column`. */
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, message: string, details: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** 400: the request, or the configuration that would come of it, is not valid. */
export class InvalidError extends RefusedError {}
/** 401: the user or the password is wrong. */
export class UnauthenticatedError extends RefusedError {}
/** 403: the user may not do that. */
export class ForbiddenError extends RefusedError {}
/** 404. */
export class NotFoundError extends RefusedError {}
/** 409: it is there already, or the configuration is of another version than the one that was named. */
export class ConflictError extends RefusedError {}
/** 412: the object is not the one that `ifMatch` named any more. */
export class ChangedError extends RefusedError {}
/** 422: the body has not the form that it must have; `details.field` is the field at fault. */
export class WrongFormError extends RefusedError {}
/** 429: too many failed logins, or open transactions. */
export class TooManyError extends RefusedError {}
/** 501: the service does not have that operation. */
export class NotServedError extends RefusedError {}
/** 500 and others: the fault is on the other side. */
export class ServiceError extends RefusedError {}

/** The reload that was to put a change in force failed; what runs is as before. */
export class ReloadFailedError extends DataPlaneError {
  readonly reload: string;

  constructor(reload: string, message: string) {
    super(message);
    this.reload = reload;
  }
}

const CLASSES: Readonly<Record<number, typeof RefusedError>> = {
  400: InvalidError,
  401: UnauthenticatedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  412: ChangedError,
  422: WrongFormError,
  429: TooManyError,
  501: NotServedError,
};

/** The error for an answer of that status. */
export function refusedError(status: number, message: string, details: Readonly<Record<string, string>>): RefusedError {
  return new (CLASSES[status] ?? (status < 500 ? InvalidError : ServiceError))(status, message, details);
}
