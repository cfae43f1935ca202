/** Texts of system errors as the C library has them, for descriptions of failed checks. */
const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  ECONNABORTED: 'Software caused connection abort',
  EPIPE: 'Broken pipe',
  ETIMEDOUT: 'Connection timed out',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  EHOSTDOWN: 'Host is down',
  ENETDOWN: 'Network is down',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EADDRINUSE: 'Address already in use',
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  EINVAL: 'Invalid argument',
  ENOENT: 'No such file or directory',
  ENOTSOCK: 'Socket operation on non-socket',
  EMFILE: 'Too many open files',
  ENFILE: 'Too many open files in system',
  EPROTOTYPE: 'Protocol wrong type for socket',
  EAGAIN: 'Resource temporarily unavailable',
};

/** What a system error means, in the words of the C library; the bare name where it is not a usual one. */
export function errorText(code: string): string {
  return TEXTS[code] ?? code;
}
