import type { Settings } from '../config/settings.ts';

/** A server that answers. */
export interface RunningServer {
  readonly address: {
    /** What it listens on. */
    readonly host: string;
    /** The port in use, also where 0 was asked for. */
    readonly port: number;
    /** Where clients on this machine reach it: `http://localhost:4327`. */
    readonly origin: string;
  };
  /** Fulfils when the server cannot go on, with the reason. It answers nobody then, and there is nothing left to close. */
  readonly failed: Promise<Error>;
  /** Stops accepting, lets requests in flight end within the grace of the settings, then gives everything back. */
  close(): Promise<void>;
}

/**
 * Starts a server and answers once it serves.
 *
 * @throws StartupRefusal where the reason lies outside the program
 */
export type Start = (settings: Settings) => Promise<RunningServer>;
