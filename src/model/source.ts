/** The files of a checkpoint, wherever they are: a URL, a folder, dropped files, a map of URLs. */
export interface FileSource {
  /** For messages and as the default model name. */
  readonly name: string
  /**
   * Opens a file as a stream of bytes, or gives null where the source does not have it.
   * @throws MaxsiftError `MODEL_FETCH_FAILED` when the source cannot be read; `AbortError` on abort.
   */
  open(path: string, signal?: AbortSignal): Promise<OpenFile | null>
}

export interface OpenFile {
  /** Bytes in the whole file; null where the server does not say. */
  size: number | null
  body: ReadableStream<Uint8Array>
}
