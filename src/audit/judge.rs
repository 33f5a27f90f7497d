//! Judging one workspace by all rules, and what the policy makes of what they say.

use jiff::Timestamp;
use regex::Regex;

use super::Case;
use super::acceptance::Acceptances;
use super::bench::{Bench, Said, day};
use super::rules;
use crate::domain::{Finding, FindingCode, KeyPolicy, NotJudged};

/// What the rules say of one workspace, both in their total order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The findings, accepted ones too.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub not_judged: Vec<NotJudged>,
}

/// The rules under one policy, made ready once for all workspaces.
#[derive(Debug)]
pub struct Judge<'p> {
    policy: &'p KeyPolicy,
    now: Timestamp,
    /// What names must look like; the error of an expression that cannot be read, which checked files do not have.
    naming: Result<Option<Regex>, String>,
    acceptances: Acceptances<'p>,
}

impl<'p> Judge<'p> {
    /// Makes the rules ready.
    pub fn new(policy: &'p KeyPolicy, now: Timestamp) -> Self {
        let naming = policy.naming.as_deref().map(Regex::new).transpose().map_err(|error| error.to_string());
        Self { policy, now, naming, acceptances: Acceptances::new(&policy.accept, day(now)) }
    }

    /// Judges one workspace.
    ///
    /// Where the configured key opens another workspace, the list of keys is that one's: nothing else is then said than how this one is
    /// reached.
    pub fn judge(&self, case: &Case) -> Judgement {
        let naming = self.naming.as_ref().map(Option::as_ref).map_err(String::as_str);
        let bench = Bench::new(case, self.policy, naming, self.now);
        let reached = case.configured.opens.is_none();
        let mut judgement = Judgement::default();
        for code in FindingCode::KEYS {
            let Some(severity) = self.policy.severity_of(code) else { continue };
            let Some(rule) = rules::of(code).filter(|_| reached || rules::is_about_reach(code)) else { continue };
            let mut said = Vec::new();
            rule(&bench, &mut said);
            for said in said {
                match said {
                    Said::Finding { about, evidence, advice } => {
                        let accepted = self.acceptances.of(code, case.workspace, &about);
                        judgement.findings.push(Finding {
                            code,
                            severity,
                            workspace: Some(case.workspace.clone()),
                            workspace_id: case.workspace_id.cloned(),
                            about,
                            evidence,
                            advice,
                            accepted,
                        });
                    }
                    Said::NotJudged { about, why } => {
                        let workspace = case.workspace.clone();
                        judgement.not_judged.push(NotJudged { code, workspace, about, why });
                    }
                }
            }
        }
        judgement.findings.sort_unstable();
        judgement.not_judged.sort_unstable();
        judgement.not_judged.dedup();
        judgement
    }
}

/// Judges one workspace.
pub fn judge(case: &Case, policy: &KeyPolicy, now: Timestamp) -> Judgement {
    Judge::new(policy, now).judge(case)
}

#[cfg(test)]
mod tests;
