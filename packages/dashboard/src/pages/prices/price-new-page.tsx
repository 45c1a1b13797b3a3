import { useState } from "react";
import { useLocation } from "wouter";
import { useAct } from "../../data/ask.ts";
import { Answer, BackLink, PageHeader } from "../../shell/states.tsx";
import { textField } from "../../url-state/fields.ts";
import { useUrlState } from "../../url-state/use-url-state.ts";
import { createParamsOf, draftOf, newDraft, type PriceDraft } from "./price-draft.ts";
import { PriceForm } from "./price-form.tsx";
import { priceSubjects, usePrice } from "./price-questions.ts";
import { modelHref } from "./price-words.ts";

const fields = { provider: textField(), model: textField(), from: textField() };

/** `?provider=…&model=…` says what is priced, `from=…` which price is the pattern. */
export default function PriceNewPage() {
  const [state] = useUrlState(fields);
  const [given] = useState(state);
  const pattern = usePrice(given.from);
  return (
    <>
      <BackLink to={given.model === "" ? "/prices" : modelHref(given.provider, given.model)}>
        {given.model === "" ? "Prices" : given.model}
      </BackLink>
      <PageHeader title="Add a price" reads={fields} />
      {given.from === "" ? (
        <NewPrice start={newDraft(given.provider, given.model)} />
      ) : (
        <Answer of={pattern} height={320}>
          {(price) => <NewPrice start={draftOf(price)} />}
        </Answer>
      )}
    </>
  );
}

function NewPrice({ start }: { start: PriceDraft }) {
  const [, navigate] = useLocation();
  const create = useAct((client, draft: PriceDraft) => client.pricing.create(createParamsOf(draft)), priceSubjects);
  return (
    <PriceForm
      start={start}
      isNew
      verb="Add the price"
      backTo={start.model === "" ? "/prices" : modelHref(start.provider, start.model)}
      isBusy={create.isPending}
      error={create.error}
      onSend={(draft) =>
        create.mutate(draft, { onSuccess: ({ provider, model }) => navigate(modelHref(provider, model)) })
      }
    />
  );
}
