/** A registry that can be started on a folder, again and again. */
export interface Contender {
  readonly name: string;
  /** What of a push is forced to the disk before its answer, as system calls show it. */
  readonly forces: string;
  /** Starts it and waits until it answers; `undefined` where it is not installed. */
  start(folder: string): Promise<Running | undefined>;
}

export interface Running extends AsyncDisposable {
  readonly origin: string;
  /** The Authorization header that it wants, if any. */
  authorize(): Promise<string | undefined>;
  readonly pids: readonly number[];
}
