/** The lines of work that yields entries: each entry as `line` has it, then what it returns, as the line of kind `total`. */
export async function* withTotal<Entry extends object, Total extends object>(
  work: AsyncGenerator<Entry, Total>,
  line: (entry: Entry) => object = (entry) => entry,
): AsyncGenerator<object, void> {
  // What a loop would drop, the value returned, is the total.
  try {
    let step = await work.next();
    for (; !step.done; step = await work.next()) yield line(step.value);
    yield { kind: 'total', ...step.value };
  } finally {
    await work.return(undefined as never);
  }
}
