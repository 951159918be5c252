//! The list type of repeated members.

use smallvec::{Array, SmallVec};
use std::borrow::{Borrow, BorrowMut};
use std::fmt;
use thin_vec::ThinVec;

/// What a [`List`] may hold: says where its values are kept.
pub trait ListItem: Sized {
    /// Where the values are: numbers in an [`InlineList`], of which a few are kept in the list itself; texts and addresses
    /// in [`OneOrMore`]; groups in a [`GroupList`].
    #[doc(hidden)]
    type Storage: ListStorage<Self>;
}

/// Storage that keeps a few numbers inline. For implementations of [`ListItem`].
#[doc(hidden)]
pub type InlineList<A> = SmallVec<A>;

/// What a list needs of its storage.
#[doc(hidden)]
pub trait ListStorage<T>:
    Default + AsRef<[T]> + BorrowMut<[T]> + Extend<T> + FromIterator<T> + IntoIterator<Item = T>
{
    /// As `AsRef` has it, but inlined where only an attribute makes it so.
    fn values(&self) -> &[T];
    fn of(values: Vec<T>) -> Self;
    fn one(value: T) -> Self;
    fn of_array<const N: usize>(values: [T; N]) -> Self;
    fn copy(&self) -> Self
    where
        T: Clone;
    /// Appends what `make` makes, in its place where that can be.
    fn push_with(&mut self, make: impl FnOnce() -> T);
    fn pop(&mut self) -> Option<T>;
    fn remove(&mut self, index: usize) -> T;
    fn retain(&mut self, keep: impl FnMut(&T) -> bool);
    fn clear(&mut self);
    fn capacity(&self) -> usize;
    fn reserve(&mut self, additional: usize);
    fn reserve_exact(&mut self, additional: usize);
}

macro_rules! storage {
    ($type:ty, $item:ty, $of:expr, $one:expr, $of_array:expr, $push_with:expr, $reserve_exact:expr, [$($generics:tt)*]) => {
        impl<$($generics)*> ListStorage<$item> for $type {
            #[inline]
            fn values(&self) -> &[$item] {
                self.as_slice()
            }
            #[inline]
            fn of(values: Vec<$item>) -> Self {
                $of(values)
            }
            #[inline]
            fn one(value: $item) -> Self {
                $one(value)
            }
            #[inline]
            fn of_array<const N: usize>(values: [$item; N]) -> Self {
                $of_array(values)
            }
            #[inline]
            fn copy(&self) -> Self
            where
                $item: Clone,
            {
                self.clone()
            }
            #[inline]
            fn push_with(&mut self, make: impl FnOnce() -> $item) {
                $push_with(self, make);
            }
            fn pop(&mut self) -> Option<$item> {
                self.pop()
            }
            fn remove(&mut self, index: usize) -> $item {
                self.remove(index)
            }
            fn retain(&mut self, mut keep: impl FnMut(&$item) -> bool) {
                self.retain(|value| keep(value));
            }
            fn clear(&mut self) {
                self.clear();
            }
            #[inline]
            fn capacity(&self) -> usize {
                self.capacity()
            }
            #[inline]
            fn reserve(&mut self, additional: usize) {
                self.reserve(additional);
            }
            #[inline]
            fn reserve_exact(&mut self, additional: usize) {
                $reserve_exact(self, additional);
            }
        }
    };
}

storage!(
    ThinVec<T>,
    T,
    ThinVec::from,
    |value| ThinVec::from([value]),
    ThinVec::from,
    // A group is large: extending writes it where it stays, pushing would move it there.
    |list: &mut ThinVec<T>, make| list.extend(std::iter::once_with(make)),
    // Growing is the longer way to a first allocation.
    |list: &mut ThinVec<T>, additional| match list.capacity() {
        0 => *list = ThinVec::with_capacity(additional),
        _ => list.reserve_exact(additional),
    },
    [T]
);
storage!(
    SmallVec<A>,
    A::Item,
    SmallVec::from_vec,
    |value| std::iter::once(value).collect(),
    |values: [_; N]| values.into_iter().collect(),
    |list: &mut SmallVec<A>, make: _| list.push(run(make)),
    |list: &mut SmallVec<A>, additional| list.reserve_exact(additional),
    [A: Array]
);

#[inline]
fn run<T>(make: impl FnOnce() -> T) -> T {
    make()
}

/// Storage of groups: one allocation, and a single word where there are none. For implementations of [`ListItem`].
#[doc(hidden)]
pub type GroupList<T> = ThinVec<T>;

/// Storage that keeps one value inline, and takes no more room than that value where its type has bits to spare: what
/// most lists of texts and addresses hold. For implementations of [`ListItem`].
#[doc(hidden)]
#[derive(Debug)]
pub enum OneOrMore<T> {
    None,
    One(T),
    More(ThinVec<T>),
}

impl<T> OneOrMore<T> {
    #[cold]
    #[inline(never)]
    fn push_more(&mut self, value: T) {
        self.more().push(value);
    }

    /// As a vector, in place.
    fn more(&mut self) -> &mut ThinVec<T> {
        if !matches!(self, Self::More(_)) {
            let values = match std::mem::take(self) {
                Self::One(value) => [value].into(),
                _ => ThinVec::new(),
            };
            *self = Self::More(values);
        }
        match self {
            Self::More(values) => values,
            _ => unreachable!("made so above"),
        }
    }
}

impl<T> Default for OneOrMore<T> {
    #[inline]
    fn default() -> Self {
        Self::None
    }
}

impl<T> AsRef<[T]> for OneOrMore<T> {
    #[inline]
    fn as_ref(&self) -> &[T] {
        match self {
            Self::None => &[],
            Self::One(value) => std::slice::from_ref(value),
            Self::More(values) => values.as_slice(),
        }
    }
}

impl<T> Borrow<[T]> for OneOrMore<T> {
    #[inline]
    fn borrow(&self) -> &[T] {
        self.as_ref()
    }
}

impl<T> BorrowMut<[T]> for OneOrMore<T> {
    #[inline]
    fn borrow_mut(&mut self) -> &mut [T] {
        match self {
            Self::None => &mut [],
            Self::One(value) => std::slice::from_mut(value),
            Self::More(values) => values,
        }
    }
}

impl<T> Extend<T> for OneOrMore<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        let mut values = values.into_iter();
        if let Self::None = self {
            let Some(first) = values.next() else { return };
            *self = Self::One(first);
        }
        if let Some(second) = values.next() {
            let more = self.more();
            more.push(second);
            more.extend(values);
        }
    }
}

impl<T> FromIterator<T> for OneOrMore<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut list = Self::None;
        list.extend(values);
        list
    }
}

impl<T> IntoIterator for OneOrMore<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, thin_vec::IntoIter<T>>;
    fn into_iter(self) -> Self::IntoIter {
        let (one, more) = match self {
            Self::None => (None, ThinVec::new()),
            Self::One(value) => (Some(value), ThinVec::new()),
            Self::More(values) => (None, values),
        };
        one.into_iter().chain(more)
    }
}

impl<T> ListStorage<T> for OneOrMore<T> {
    #[inline]
    fn values(&self) -> &[T] {
        self.as_ref()
    }
    fn of(values: Vec<T>) -> Self {
        if values.len() > 1 { Self::More(values.into()) } else { values.into_iter().collect() }
    }
    #[inline]
    fn one(value: T) -> Self {
        Self::One(value)
    }
    #[inline]
    fn of_array<const N: usize>(values: [T; N]) -> Self {
        if N > 1 { Self::More(values.into()) } else { values.into_iter().collect() }
    }
    #[inline]
    fn copy(&self) -> Self
    where
        T: Clone,
    {
        match self {
            Self::None => Self::None,
            Self::One(value) => Self::One(value.clone()),
            Self::More(values) => Self::More(values.clone()),
        }
    }
    #[inline]
    fn push_with(&mut self, make: impl FnOnce() -> T) {
        match self {
            // There is nothing to drop, which an assignment would look for.
            Self::None => std::mem::forget(std::mem::replace(self, Self::One(make()))),
            _ => self.push_more(make()),
        }
    }
    fn pop(&mut self) -> Option<T> {
        self.more().pop()
    }
    fn remove(&mut self, index: usize) -> T {
        self.more().remove(index)
    }
    fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.more().retain(keep);
    }
    fn clear(&mut self) {
        *self = Self::None;
    }
    #[inline]
    fn capacity(&self) -> usize {
        match self {
            Self::More(values) => values.capacity(),
            _ => 1,
        }
    }
    fn reserve(&mut self, additional: usize) {
        self.more().reserve(additional);
    }
    fn reserve_exact(&mut self, additional: usize) {
        if additional > 1 {
            self.more().reserve_exact(additional);
        }
    }
}

/// The values of a member that may occur several times, in order.
///
/// Derefs to a slice. A few numbers or addresses are kept inline; larger values live in one allocation.
pub struct List<T: ListItem>(T::Storage);

impl<T: ListItem> List<T> {
    /// No values.
    #[inline]
    pub fn new() -> Self {
        Self(T::Storage::default())
    }

    /// Appends a value.
    #[inline]
    pub fn push(&mut self, value: impl Into<T>) {
        let value = value.into();
        self.reserve_first();
        self.0.push_with(|| value);
    }

    /// Most lists of groups hold one, and a list that grows by itself makes room for four.
    #[inline]
    fn reserve_first(&mut self) {
        if self.0.capacity() == 0 {
            self.0.reserve_exact(1);
        }
    }

    /// Appends a value without any member, made where it stays, and hands it out to be filled: groups are large, and
    /// [`push`](Self::push) has to move them.
    ///
    /// ```
    /// use diametric_protocol::credit_control::MultipleServicesCreditControl;
    /// use diametric_protocol::value::List;
    ///
    /// let mut services: List<MultipleServicesCreditControl> = List::new();
    /// services.push_default().rating_group = Some(7);
    /// assert_eq!(services[0].rating_group, Some(7));
    /// ```
    #[inline]
    pub fn push_default(&mut self) -> &mut T
    where
        T: Default,
    {
        self.reserve_first();
        self.push_with(T::default)
    }

    /// Removes the last value.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    /// Removes the value at `index`, keeping the order of the rest.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&mut self, index: usize) -> T {
        self.0.remove(index)
    }

    /// Keeps the values for which `keep` holds.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many values fit before the next allocation.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Makes room for `additional` more values: exactly so many in an empty list, with some to spare in one that has
    /// already turned out to grow.
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        if self.is_empty() { self.0.reserve_exact(additional) } else { self.0.reserve(additional) }
    }

    /// Appends what `make` makes, in its place.
    #[inline]
    pub(crate) fn push_with(&mut self, make: impl FnOnce() -> T) -> &mut T {
        self.0.push_with(make);
        let last = self.len() - 1;
        &mut self[last]
    }
}

impl<T: ListItem> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: ListItem> std::ops::Deref for List<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        self.0.values()
    }
}

impl<T: ListItem> std::ops::DerefMut for List<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.borrow_mut()
    }
}

impl<T: ListItem + Clone> Clone for List<T> {
    #[inline]
    fn clone(&self) -> Self {
        Self(self.0.copy())
    }
}

impl<T: ListItem + PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl<T: ListItem + Eq> Eq for List<T> {}

impl<T: ListItem + PartialEq> PartialEq<[T]> for List<T> {
    fn eq(&self, other: &[T]) -> bool {
        self[..] == *other
    }
}

impl<T: ListItem + PartialEq, const N: usize> PartialEq<[T; N]> for List<T> {
    fn eq(&self, other: &[T; N]) -> bool {
        self[..] == *other
    }
}

impl<T: ListItem + PartialEq> PartialEq<Vec<T>> for List<T> {
    fn eq(&self, other: &Vec<T>) -> bool {
        self[..] == **other
    }
}

impl<T: ListItem + std::hash::Hash> std::hash::Hash for List<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

impl<T: ListItem + fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One by one, as a reference, rather than `entries`: less code for each type.
        let mut list = f.debug_list();
        for value in self {
            list.entry(&value);
        }
        list.finish()
    }
}

/// Moves the values: where there are many, or large ones, a list that they are pushed to costs less.
impl<T: ListItem> From<Vec<T>> for List<T> {
    fn from(values: Vec<T>) -> Self {
        Self(T::Storage::of(values))
    }
}

impl<T: ListItem, const N: usize> From<[T; N]> for List<T> {
    #[inline]
    fn from(values: [T; N]) -> Self {
        Self(T::Storage::of_array(values))
    }
}

impl<T: ListItem> From<T> for List<T> {
    #[inline]
    fn from(value: T) -> Self {
        Self(T::Storage::one(value))
    }
}

impl<T: ListItem> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T: ListItem> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

impl<T: ListItem> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = <T::Storage as IntoIterator>::IntoIter;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T: ListItem> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T: ListItem> IntoIterator for &'a mut List<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Utf8String;

    #[test]
    fn a_list_of_values() {
        let mut list: List<Utf8String> = List::new();
        list.push("b");
        list.push("a");
        list.extend(["c".into()]);
        assert_eq!(list, ["b", "a", "c"].map(Utf8String::from));
        list.sort();
        list.iter_mut().for_each(|text| *text = format!("{text}!").into());
        assert_eq!(list, vec!["a!".into(), "b!".into(), "c!".into()]);
        assert_eq!(list.remove(1), "b!");
        list.retain(|text| text == "c!");
        assert_eq!(list.pop().unwrap(), "c!");
        assert_eq!(list, List::default());
    }

    #[test]
    fn one_text_is_inline_and_more_are_not() {
        assert_eq!(size_of::<List<Utf8String>>(), size_of::<Utf8String>());
        for count in 0..4_usize {
            let texts: Vec<_> = (0..count).map(|index| Utf8String::from(index.to_string())).collect();
            let mut list: List<Utf8String> = texts.iter().cloned().collect();
            assert_eq!(list, texts);
            assert_eq!(List::from(texts.clone()), list);
            assert_eq!(matches!(list.0, OneOrMore::More(_)), count > 1);
            assert_eq!(list.clone().into_iter().collect::<Vec<_>>(), texts);
            list.extend(texts.clone());
            assert_eq!(list, [&texts[..], &texts[..]].concat());
            assert_eq!(list.pop(), texts.last().cloned());
            list.clear();
            *list.push_with(Utf8String::default) = "again".into();
            assert_eq!(list, vec![Utf8String::from("again")]);
            list.reserve(count);
            list.push_with(Utf8String::default);
            assert_eq!(list, ["again", ""].map(Utf8String::from));
        }
    }

    #[test]
    fn lists_of_arrays_hold_their_values() {
        fn check<T: ListItem + Clone + PartialEq + fmt::Debug, const N: usize>(values: [T; N]) {
            assert_eq!(List::from(values.clone()), values);
            assert_eq!(List::from(values[0].clone()), values[..1]);
        }
        check(["a"].map(Utf8String::from));
        check(["a", "b", "c"].map(Utf8String::from));
        check([1_u32]);
        check([1_u32, 2, 3, 4, 5]);
        assert!(List::<Utf8String>::from([]).is_empty());
    }

    #[test]
    fn a_list_of_one_group_has_room_for_no_other() {
        use crate::credit_control::MultipleServicesCreditControl as Service;
        let mut pushed: List<Service> = List::new();
        assert_eq!(pushed.capacity(), 0);
        pushed.push(Service::new());
        let mut made: List<Service> = List::new();
        made.push_default();
        assert_eq!((pushed.capacity(), made.capacity(), List::from(Service::new()).capacity()), (1, 1, 1));
        pushed.push_default();
        assert_eq!(pushed.len(), 2);
    }

    #[test]
    fn growing_one_by_one_does_not_copy_each_time() {
        let mut list: List<u32> = List::new();
        list.reserve(5);
        assert_eq!(list.capacity(), 5);
        let mut allocations = 0;
        for value in 0..10_000_u32 {
            if list.len() == list.capacity() {
                allocations += 1;
                list.reserve(1);
            }
            list.push(value);
        }
        assert!(allocations < 20, "{allocations}");
    }

    #[test]
    fn numbers_are_inline() {
        let list: List<u32> = [1, 2, 3, 4].into();
        assert!(!list.0.spilled());
        let list: List<u32> = (0..5).collect();
        assert!(list.0.spilled());
        assert_eq!(list.into_iter().sum::<u32>(), 10);
    }
}
