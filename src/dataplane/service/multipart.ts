import { ApiError } from './error.ts';

/** A file of a form, with the name that the client gave it. */
export interface UploadedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** The file in the field `file_upload` of a form (RFC 7578). Throws ApiError 400 when there is none. */
export function uploadedFile(bytes: Buffer, type: string): UploadedFile {
  const [, quoted, bare] = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(type) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw new ApiError(400, 'the form has no boundary');
  const mark = Buffer.from(`--${boundary}`);
  let at = bytes.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length + 2;
    const next = bytes.indexOf(Buffer.concat([Buffer.from('\r\n'), mark]), start - 2);
    const split = bytes.indexOf('\r\n\r\n', start);
    if (next < 0 || split < 0 || split > next) break;
    const headers = bytes.toString('utf8', start, split);
    if (/name="file_upload"/i.test(headers)) {
      const name = /filename="([^"]*)"/i.exec(headers)?.[1] ?? '';
      if (name === '') throw new ApiError(400, 'the file of file_upload has no name');
      return { name, content: bytes.subarray(split + 4, next) };
    }
    at = next + 2;
  }
  throw new ApiError(400, "the form has no file in the field 'file_upload'");
}
