// Tables as comma-separated values (RFC 4180).

/** The rows of a table, header first. Throws for a quotation that does not end. */
export function rows(text: string): string[][] {
  const found: string[][] = [];
  let row: string[] = [], cell = "", at = 0;
  const end = (): void => {
    row.push(cell);
    cell = "";
  };
  for (text = text.replace(/^\ufeff/, ""); at < text.length; at++) {
    const character = text[at]!;
    if (character === '"' && !cell) {
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (at >= text.length) throw new Error("The table has a quotation mark without its other one.");
        if (text[at] === '"') at++;
        cell += text[at];
      }
    } else if (character === ",") end();
    else if (character === "\n") {
      end();
      found.push(row);
      row = [];
    } else if (character !== "\r" || text[at + 1] !== "\n") cell += character;
  }
  if (cell || row.length) {
    end();
    found.push(row);
  }
  return found.filter(each => each.length > 1 || each[0]);
}

/** The columns `names`, each a list of cells. Throws for a table that has no such column, or rows of unequal length. */
export function columns(text: string, names: string[]): string[][] {
  const [header = [], ...body] = rows(text);
  const uneven = body.findIndex(row => row.length !== header.length);
  if (uneven >= 0) throw new Error(`Row ${uneven + 1} of the table has ${body[uneven]!.length} cells where its header has ${header.length}.`);
  return names.map(name => {
    const place = header.indexOf(name);
    if (place < 0) throw new Error(`The table has no column “${name.slice(0, 80)}”.`);
    return body.map(row => row[place]!);
  });
}
