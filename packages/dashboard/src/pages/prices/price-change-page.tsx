import type { PriceRecord } from "@llm-cost-ops/sdk";
import { useState } from "react";
import { useLocation } from "wouter";
import { useAct } from "../../data/ask.ts";
import { Answer, BackLink, PageHeader } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { draftOfChange, type PriceDraft, updateParamsOf } from "./price-draft.ts";
import { PriceForm } from "./price-form.tsx";
import { priceSubjects, usePrice, useUnpricedModels } from "./price-questions.ts";
import { modelHref } from "./price-words.ts";

const fields = { id: textField() };

/** A new version of a price; the one before stays on record, and so do the costs that were made of it. */
export default function PriceChangePage() {
  const [{ id }] = useUrlState(fields);
  const price = usePrice(id);
  // What the form says beside it is asked for at once, not after the price is here.
  useUnpricedModels();
  return (
    <>
      {price.data === undefined ? null : (
        <BackLink to={modelHref(price.data.provider, price.data.model)}>{price.data.model}</BackLink>
      )}
      <PageHeader
        title={price.data === undefined ? "Change a price" : `Change the price of ${price.data.model}`}
        reads={fields}
      />
      <Answer of={price} height={320}>
        {(data) => <NewVersion key={data.id} price={data} />}
      </Answer>
    </>
  );
}

function NewVersion({ price }: { price: PriceRecord }) {
  const [, navigate] = useLocation();
  const [start] = useState(() => draftOfChange(price, Date.now()));
  const update = useAct(
    (client, draft: PriceDraft) => client.pricing.update(price.id, updateParamsOf(draft)),
    priceSubjects,
  );
  const page = modelHref(price.provider, price.model);
  return (
    <PriceForm
      start={start}
      isNew={false}
      verb="Change the price"
      backTo={page}
      isBusy={update.isPending}
      error={update.error}
      onSend={(draft) => update.mutate(draft, { onSuccess: () => navigate(page) })}
    />
  );
}
