/** One that throws means not ready. */
export type ReadinessCheck = () => void | Promise<void>;

/**
 * The check, which has failed when it has not ended after so many milliseconds. Who asks while it runs gets the same outcome:
 * probes of a store that does not answer must not pile up in front of it.
 */
export function patientCheck(check: ReadinessCheck, patience: number): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= within(check, patience).finally(() => {
      running = undefined;
    });
    return running;
  };
}

async function within(check: ReadinessCheck, patience: number): Promise<void> {
  const { promise: tooLong, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`there was no answer within ${patience} ms`)), patience);
  try {
    await Promise.race([check(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
