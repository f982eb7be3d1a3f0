/** Choices: a row of buttons, a list, a switch, and links to export what is shown. */
import type { ComponentChildren } from "preact";
import { addressOf } from "../api/client";
import { PERIOD_NAMES, periodOf, PERIODS, type PeriodName } from "../state/period";
import { coins } from "../state/session";
import { setParams } from "../state/url";
import { Icon } from "./icons";

interface Option {
  value: string;
  label: string;
}

export function Segmented({ label, options, value, choose }: { label: string; options: Option[]; value: string; choose: (value: string) => void }) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button key={option.value} type="button" aria-pressed={option.value === value} onClick={() => choose(option.value)}>
          {option.label}
        </button>
      ))}
    </div>
  );
}

export function Select({ label, options, value, choose }: { label: string; options: Option[]; value: string; choose: (value: string) => void }) {
  return (
    <label class="field inline">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Toggle({ label, on, set }: { label: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <label class="toggle">
      <input type="checkbox" role="switch" checked={on} onChange={(event) => set(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export function PeriodPicker({ fallback = "24h", names = PERIOD_NAMES }: { fallback?: PeriodName; names?: PeriodName[] }) {
  const options = names.map((name) => ({ value: name, label: PERIODS[name].label }));
  return <Segmented label="Period" options={options} value={periodOf(fallback, names)} choose={(value) => setParams({ period: value === fallback ? null : value })} />;
}

/** `all` is the label of no coin at all, where that is a choice. */
export function CoinPicker({ value, all }: { value: string; all?: string }) {
  const listed = coins.value.includes(value) || !value ? coins.value : [value, ...coins.value];
  const options = [...(all ? [{ value: "", label: all }] : []), ...listed.map((code) => ({ value: code, label: code }))];
  return <Select label="Coin" options={options} value={value} choose={(code) => setParams({ coin: code })} />;
}

/** Links that download what is shown, with the filters of now. */
export function Exports({ path, query }: { path: string; query: object }) {
  return (
    <span class="exports">
      <Icon name="download" size={15} />
      {(["csv", "parquet"] as const).map((format) => (
        <a key={format} href={addressOf(`/api/export/${path}`, { ...query, format })} download="">
          {format === "csv" ? "CSV" : "Parquet"}
          <span class="sr-only"> export</span>
        </a>
      ))}
    </span>
  );
}

export function Panel({ title, aside, children, full = false }: { title: string; aside?: ComponentChildren; children: ComponentChildren; full?: boolean }) {
  return (
    <section class={`panel ${full ? "full" : ""}`} aria-label={title}>
      <header class="panel-head">
        <h2>{title}</h2>
        {aside && <div class="panel-aside">{aside}</div>}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}

export function Page({ title, controls, children }: { title: string; controls?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="page">
      <header class="page-head">
        <h1>{title}</h1>
        {controls && <div class="controls">{controls}</div>}
      </header>
      {children}
    </div>
  );
}
