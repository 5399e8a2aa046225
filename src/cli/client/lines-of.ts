import { StringDecoder } from 'node:string_decoder';

/** What one line may have at most: an image may have a thousand tags of 300 characters. */
const MAX_LINE = 4 * 1024 * 1024;

/** The documents of a stream that has one a line. A line that is no JSON, or has no end, is an error. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new Error('The server sent a line without an end');
    for (const line of lines) if (line !== '') yield JSON.parse(line);
  }
  if (rest !== '') throw new Error('The server ended in the middle of a line');
}
