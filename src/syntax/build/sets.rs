//! Permission groups, and sets of permissions and types.

use super::Builder;
use crate::syntax::ast::*;

impl Builder<'_> {
    pub fn permission_group(
        &mut self,
        l: u32,
        name: Ident,
        set: Option<PermissionSet>,
        groups: Vec<PermissionGroup>,
        r: u32,
    ) -> PermissionGroup {
        PermissionGroup {
            doc: self.doc(l),
            name,
            set,
            groups,
            span: self.span(l, r),
        }
    }

    /// A group at the top, whose `///` lines stand before its keyword.
    pub fn documented(&mut self, l: u32, group: PermissionGroup) -> PermissionGroup {
        PermissionGroup {
            doc: self.doc(l),
            ..group
        }
    }

    pub fn type_set(
        &mut self,
        l: u32,
        terms: Vec<TypeTerm>,
        except: Option<Vec<TypeTerm>>,
        r: u32,
    ) -> TypeSet {
        TypeSet {
            terms,
            except: except.unwrap_or_default(),
            span: self.span(l, r),
        }
    }

    pub fn permission_set(
        &mut self,
        l: u32,
        terms: Vec<PermissionTerm>,
        except: Option<Vec<PermissionTerm>>,
        r: u32,
    ) -> PermissionSet {
        PermissionSet {
            terms,
            except: except.unwrap_or_default(),
            span: self.span(l, r),
        }
    }
}
