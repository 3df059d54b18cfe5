/** @returns a Markdown table. Columns that contain only numbers are aligned to the right. */
export function table(headings, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const isNumeric = (column) => rows.every((row) => /^(\d|$)/.test(String(row[column])));
  const rule = headings.map((_, column) => (isNumeric(column) ? '---:' : '---'));
  return [headings, rule, ...rows].map(line).join('\n');
}

/** @returns milliseconds with three significant digits, more for large values. */
export function ms(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
