/** Does the work for every item, for `most` of them at a time, and answers what came of each as it comes, in no order. */
export async function* sideBySide<T, R>(
  items: AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running = new Map<T, Promise<{ readonly item: T; readonly result: R }>>();
  const next = async (): Promise<R> => {
    const { item, result } = await Promise.race(running.values());
    running.delete(item);
    return result;
  };
  try {
    for await (const item of items) {
      running.set(
        item,
        work(item).then((result) => ({ item, result })),
      );
      if (running.size >= most) yield await next();
    }
    while (running.size > 0) yield await next();
  } finally {
    // Nobody is left behind at work, and what else goes wrong is less than what went wrong first.
    await Promise.allSettled(running.values());
  }
}
