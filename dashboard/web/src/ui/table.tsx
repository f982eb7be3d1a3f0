/** Tables: of figures, and as the text equivalent of a picture. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  /** Right-aligned, in figures of equal width. */
  figure?: boolean;
  /** Left out where there is little room. */
  wide?: boolean;
}

interface TableProps<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T, at: number) => string | number;
  rowClass?: (row: T) => string;
}

export function Table<T>({ caption, columns, rows, rowKey, rowClass }: TableProps<T>) {
  const classOf = (column: Column<T>) => [column.figure && "figure", column.wide && "wide"].filter(Boolean).join(" ");
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="sr-only">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={classOf(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={rowKey(row, at)} class={rowClass?.(row) ?? ""}>
              {columns.map((column, place) =>
                place === 0 ? (
                  <th key={column.name} scope="row" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.name} class={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The same as a picture says, for those who do not see it or want the figures. Filled when it is opened. */
export function AsTable<T>(props: Omit<TableProps<T>, "rows"> & { rows: T[] | (() => T[]) }) {
  const [open, setOpen] = useState(false);
  const { rows } = props;
  return (
    <details class="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{props.caption}, as a table</summary>
      {open && <Table {...props} rows={typeof rows === "function" ? rows() : rows} />}
    </details>
  );
}
