import type { Budget } from "@llm-cost-ops/sdk";
import { Select, Switch, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldErrorsOf, useAct } from "../../data/ask.ts";
import { useBudgets } from "../../data/budgets.ts";
import { Dialog, DialogForm } from "../../shell/dialog.tsx";
import { useTenantOf } from "./budget-questions.ts";
import { amountText } from "./budget-words.ts";

/** Moves a part of a budget's amount to another one in the same unit. */
export function TransferDialog(props: { budget: Budget; isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog isOpen={props.isOpen} onClose={props.onClose} title="Transfer to another budget">
      <TransferForm {...props} />
    </Dialog>
  );
}

function TransferForm({ budget, onClose }: { budget: Budget; onClose: () => void }) {
  const all = useBudgets(useTenantOf()(budget));
  const [to, setTo] = useState<string | null>(null);
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const [force, setForce] = useState(false);
  const transfer = useAct(
    (client) =>
      client.budgets.transfer(budget.id, {
        to: to ?? "",
        ...(budget.currency === null ? { tokens: Number(amount) } : { amount: amount.trim() }),
        ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
        ...(force ? { force } : {}),
      }),
    ["budgets"],
  );
  const errors = fieldErrorsOf(transfer.error);
  const others = (all.data ?? []).filter(
    ({ id, currency, per, setBy }) =>
      id !== budget.id && currency === budget.currency && per === null && setBy === budget.setBy,
  );
  const has = amountText(budget.amountExact ?? String(budget.tokens ?? 0), budget);
  return (
    <DialogForm
      verb="Transfer"
      isBusy={transfer.isPending}
      error={transfer.error}
      canSend={to !== null && amount.trim() !== ""}
      onSend={() => transfer.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">
        <bdi>{budget.name}</bdi> has an amount of {has}.
      </Text>
      <Select
        label="To"
        searchable
        limit={50}
        required
        placeholder={others.length === 0 ? "There is no other budget in the same unit" : "A budget"}
        data={others.map(({ id, name }) => ({ value: id, label: name }))}
        value={to}
        onChange={setTo}
        error={errors["to"]}
      />
      <TextInput
        label={budget.currency === null ? "Tokens" : `Amount in ${budget.currency}`}
        required
        inputMode="decimal"
        value={amount}
        error={errors["amount"] ?? errors["tokens"]}
        onChange={({ currentTarget }) => setAmount(currentTarget.value)}
      />
      <TextInput
        label="Why"
        description="Kept in the history of both."
        value={reason}
        error={errors["reason"]}
        onChange={({ currentTarget }) => setReason(currentTarget.value)}
      />
      <Switch
        label="Even if less is left than is spent and reserved already"
        checked={force}
        onChange={({ currentTarget }) => setForce(currentTarget.checked)}
      />
    </DialogForm>
  );
}
