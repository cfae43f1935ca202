/** Methods of Node's Buffer that its type definitions leave out. */
interface Buffer {
  latin1Slice(start?: number, end?: number): string;
  latin1Write(text: string, offset?: number, length?: number): number;
  asciiSlice(start?: number, end?: number): string;
}
