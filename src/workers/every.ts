/**
 * Runs `work` again and again, `interval` milliseconds after its last end. A run that fails is reported and the next one
 * comes all the same. Disposing waits for a run under way.
 */
export function every(
  interval: number,
  work: () => Promise<unknown>,
  onError: (error: unknown) => void,
): AsyncDisposable {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  const run = async () => {
    await work().catch(onError);
    if (!stopped) schedule();
  };
  const schedule = () => {
    timer = setTimeout(() => {
      running = run();
    }, interval).unref();
  };
  schedule();
  return {
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
