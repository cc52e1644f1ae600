import type { PolicyField, PolicyLayer } from '../shared/contract.ts';
import { t } from '../shared/language.ts';
import { fieldName, grouped, isWhole, noneKey, placeKey, valueWords } from './policies.ts';

interface FieldProps {
  field: PolicyField;
  layer: PolicyLayer;
  fixed: boolean;
}

function Field({ field, layer, fixed }: FieldProps) {
  const text = t.value.policies;
  const own = layer.fields[field.name];
  const limits = text.range(String(field.low), String(field.high), field.unit);
  const under = text.inherited(valueWords(layer.under[field.name], field.unit, t.value));
  return (
    <div class="policy-field" data-own={own !== undefined} data-field={field.name}>
      <label class="field">
        {fieldName(field.name, t.value)}
        <input
          name={field.name} type="number" step={field.integral ? 1 : 'any'} min={field.low} max={field.high} disabled={fixed} defaultValue={own ?? ''}
          placeholder={valueWords(layer.under[field.name], '', t.value)} data-testid={`policy-${field.name}`}
        />
      </label>
      <small>{limits} · {under}</small>
      {field.may_be_none && (
        <label class="policy-none">
          <input type="checkbox" name={noneKey(field.name)} disabled={fixed} defaultChecked={own === null} data-testid={`policy-none-${field.name}`} />
          {text.noLimit}
        </label>
      )}
    </div>
  );
}

interface Props {
  fields: readonly PolicyField[];
  layer: PolicyLayer;
  /** Nobody may change it here. */
  fixed: boolean;
  busy: boolean;
  /** Called with the form, which is not sent by the browser. */
  tryIt: (form: HTMLFormElement) => void;
  save: (event: SubmitEvent) => void;
}

export function PolicyForm({ fields, layer, fixed, busy, tryIt, save }: Props) {
  const text = t.value.policies;
  return (
    <form class="policy-form" onSubmit={save} key={layer.target + layer.version}>
      {grouped(fields, isWhole(layer)).map(([group, own]) => (
        <details key={group} open={group === 'limits' || group === 'place' || group === 'scales' || own.some((one) => one.name in layer.fields)}>
          <summary>{text.groups[group]}</summary>
          <div class="policy-fields">
            {own.map((field) => <Field key={field.name} field={field} layer={layer} fixed={fixed} />)}
          </div>
        </details>
      ))}
      {!fixed && (
        <>
          <label class="field">{text.source}<input name="source" required maxLength={400} data-testid="policy-source" /></label>
          <label class="field">{text.note}<textarea name="note" maxLength={500} rows={2} /></label>
          {layer.zones.length > 1 && (
            <label class="field">
              {text.tryOn}
              <select name="on" data-testid="policy-on">
                {layer.zones.map((one) => <option key={placeKey(one)} value={placeKey(one)}>{one.asset} · {t.value.card.zone(one.zone)}</option>)}
              </select>
            </label>
          )}
          <div class="policy-buttons">
            <button type="button" class="button" data-testid="policy-try" disabled={busy} onClick={({ currentTarget: { form } }) => form && tryIt(form)}>
              {busy ? text.trying : text.tryIt}
            </button>
            <button class="button primary" data-testid="policy-save" disabled={busy}>{text.save}</button>
          </div>
        </>
      )}
    </form>
  );
}
