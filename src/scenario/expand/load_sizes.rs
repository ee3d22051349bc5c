//! How large the messages of a workload are.

use super::Expander;
use crate::actors::load::size::Sizes;
use crate::scenario::finding::Path;
use crate::scenario::format::units::Size;
use crate::scenario::format::workload::MessageSize;

impl Expander<'_, '_, '_> {
    pub(super) fn sizes(&mut self, path: &Path<'_>, size: Option<&MessageSize>) -> Sizes {
        let drawn = match size {
            None => return Sizes::Constant(USUAL_SIZE),
            Some(MessageSize::One(size)) => {
                self.check_size(path, *size);
                return Sizes::Constant(size.0.min(MOST_OCTETS));
            }
            Some(MessageSize::Drawn(drawn)) => drawn,
        };
        if let Some(uniform) = &drawn.uniform {
            let path = path.at("uniform");
            self.check_size(&path.at("to"), uniform.to);
            if uniform.from > uniform.to {
                let found = format!("{} is more than {}", uniform.from, uniform.to);
                self.report.at(&path.at("from"), found, "the smaller size first".to_owned());
            }
            let to = uniform.to.0.min(MOST_OCTETS);
            return Sizes::Uniform(uniform.from.0.min(to), to);
        }
        if let Some(lognormal) = &drawn.lognormal {
            let path = path.at("lognormal");
            let most = lognormal.most.unwrap_or(Size(1_000_000));
            self.check_size(&path.at("most"), most);
            if lognormal.median > most || lognormal.median.0 == 0 {
                let found = format!("a median of {}", lognormal.median);
                let remedy = format!("more than nothing, and at most {most}, which is \"most\"");
                self.report.at(&path.at("median"), found, remedy);
            }
            return Sizes::Lognormal {
                median: lognormal.median.0,
                sigma: lognormal.sigma.unwrap_or(1.0),
                most: most.0.min(MOST_OCTETS),
            };
        }
        let path = path.at("table");
        let table = drawn.table.as_deref().unwrap_or_default();
        for (index, entry) in table.iter().enumerate() {
            self.check_size(&path.at(index).at("size"), entry.size);
        }
        if !table.iter().any(|entry| entry.weight > 0.0) {
            let remedy = "for example [{\"size\": \"2KiB\", \"weight\": 1}]".to_owned();
            self.report.at(&path, "no size has a weight", remedy);
            return Sizes::Constant(USUAL_SIZE);
        }
        Sizes::table(table.iter().map(|entry| (entry.size.0.min(MOST_OCTETS), entry.weight)))
    }

    fn check_size(&mut self, path: &Path<'_>, size: Size) {
        if size.0 > MOST_OCTETS {
            let found = format!("a message of {size}");
            self.report.at(path, found, format!("at most {}", Size(MOST_OCTETS)));
        }
    }
}

const USUAL_SIZE: u64 = 2_048;
const MOST_OCTETS: u64 = 100_000_000;
