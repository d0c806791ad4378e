# sayso for fisher: `fisher install CHECKOUT/shell` copies this file into the folder that fish reads at its start.
if status is-interactive; and command --query sayso
    sayso init fish | source
end
