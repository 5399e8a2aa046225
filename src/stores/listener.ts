import type { StoreCounts } from './store-counts.ts';

/** Who hears what the stores have to tell while they are open. */
export interface Listener {
  /**
   * Once: the disk has failed so that nobody knows what it holds. The metadata refuses everything from then on; the process
   * has to end, and whoever starts the next one should have looked at the disk.
   */
  readonly onFatal: (error: Error) => void;
  /** Nothing new is stored any more, for want of space, or it is again. */
  readonly onSpace: (isShort: boolean, cause?: unknown) => void;
  /** Something went wrong in the background and does no harm. */
  readonly onWarning: (error: unknown, what: string) => void;
  /** Keeps count of what stores on the network are asked. */
  readonly counts: Pick<StoreCounts, 'noteRetry' | 'noteRequest'>;
}
