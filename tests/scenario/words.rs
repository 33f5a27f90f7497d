//! What a person reads: whole outputs, word for word.

use crate::three;

#[test]
fn a_run_with_a_dead_key_and_a_guard_is_told_in_full() {
    let stage = three("");
    stage.world.revoke_keys("birch");
    stage.add("workspaces/cedar.toml", "mode = \"observe\"");
    let outcome = stage.run("onboard nia@agency.example --role editor --all --yes --format table").exits(20);
    insta::assert_snapshot!(outcome.to_string(), @r#"
    -- stdout
    WORKSPACE  KIND           SUBJECT             BEFORE  WANTED  OUTCOME  REASON
    acme       member.invite  nia@agency.example  absent  editor  done
    cedar      member.invite  nia@agency.example  absent  editor  held     mode: the workspace is in mode `observe`, this needs `add-only`
    -- stderr
    WORKSPACE  KIND           SUBJECT             RESTS ON  WANTED  PLANNED  REASON
    acme       member.invite  nia@agency.example  absent    editor  send
    cedar      member.invite  nia@agency.example  absent    editor  held     mode: the workspace is in mode `observe`, this needs `add-only`
    warning: birch: not read: GET /workspaces/current was refused with 401: Invalid API key
      hint: the key is wrong or was revoked: make a new one in the settings of the workspace it belongs to (Integrations, API Keys; with `via` that is the admin workspace) and put it where its `key` points
    held (mode): to let it pass, set `mode = "add-only"` in the file of workspace `cedar`
    plan 4a4c85112bc9: 1 step in 1 workspace; 0 already so, 1 held; about 4 more requests and 0 ms
    run 20261120T080000Z-0007: 1 done, 1 held; 1 of 3 workspaces failed; 9 requests in 0 ms; applying took 4 requests and 0 ms (4 and 0 ms foretold)
    exit 20: some workspaces failed, others did not
    mend what stands above, then run the same command again: it plans only what is missing (`keyholder show 20261120T080000Z-0007` has the particulars)
    -- exit 20 after 0ns
    "#);
}
