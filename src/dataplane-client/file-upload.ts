/** A file to be stored, with the name that it is to have. */
export interface FileUpload {
  readonly name: string;
  readonly content: string | Uint8Array;
}
