import { ConfigError } from '../config/config-error.ts';
import type { Settings } from '../config/settings.ts';
import { isLoopback } from '../http/host-check.ts';
import { letHeapGrow } from './heap.ts';
import { readyBlock } from './ready-block.ts';
import type { RunningServer, Start } from './running-server.ts';
import { asRefusal } from './start-failure.ts';
import type { StopSignal, Terminal } from './terminal.ts';

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const satisfies Record<StopSignal, number>;

/**
 * Serves until SIGINT or SIGTERM, then drains. A second signal ends the process at once, and so does a disk that fails:
 * nothing is written to it any more.
 *
 * @throws ConfigError, StartupRefusal
 */
export async function serve(settings: Settings, start: Start, terminal: Terminal, version: string): Promise<number> {
  if (settings.profile === 'production') {
    throw new ConfigError([
      `profile: 'production' is not available in this version of Berth (${version}); use --profile local, which trusts everyone who reaches the port`,
    ]);
  }
  if (!isLoopback(settings.host)) {
    terminal.err(
      `Warning: listening on ${settings.host} in profile local: everyone who reaches this port can read, change and delete every image.\n`,
    );
  }

  if (settings.database.kind === 'postgres') letHeapGrow();

  let stopping = false;
  let stop: (signal: StopSignal) => void = () => {};
  const stopped = new Promise<StopSignal>((resolve) => {
    stop = resolve;
  });
  const ignoreSignals = terminal.onSignal((signal) => {
    if (stopping) terminal.quit(128 + SIGNAL_NUMBERS[signal]);
    stopping = true;
    stop(signal);
  });
  try {
    const server = await startOrRefuse(settings, start);
    if (!stopping) terminal.out(readyBlock(version, settings, server.address));
    const end = await Promise.race([stopped, server.failed]);
    if (end instanceof Error) return failed(end, settings, terminal);
    const grace = settings.shutdownGrace / 1000;
    terminal.err(`${end}: stopping, with up to ${grace} s for requests in flight. A second signal stops at once.\n`);
    const closed = server.close().then(() => undefined);
    const error = await Promise.race([closed, server.failed]);
    return error ? failed(error, settings, terminal) : 0;
  } finally {
    ignoreSignals();
  }
}

/** Closing the stores would write to the disk once more, so the process ends as it stands. */
function failed(error: Error, { dataDir }: Settings, terminal: Terminal): number {
  terminal.err(
    `error: the disk under ${dataDir} has failed (${error.message}). Berth stops, for it cannot tell any more what is stored. Check the disk and its file system, then start Berth again.\n`,
  );
  terminal.quit(1);
  return 1;
}

async function startOrRefuse(settings: Settings, start: Start): Promise<RunningServer> {
  try {
    return await start(settings);
  } catch (error) {
    throw asRefusal(error, settings) ?? error;
  }
}
