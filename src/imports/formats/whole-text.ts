/** The text of a file in one piece, for formats that cannot be read piece by piece. */
export async function wholeText(text: AsyncIterable<string>): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of text) chunks.push(chunk);
  return chunks.join('');
}
