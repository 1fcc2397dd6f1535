/** Orders by customer: how many, how much, and the best-selling product of each. */
// @ts-types="npm:@types/lodash@4"
import _ from "npm:lodash@4";

interface Order {
  customer: string;
  product: string;
  quantity: number;
  price: number;
}

interface Summary {
  customer: string;
  orders: number;
  spent: number;
  favourite: string;
}

export default function groupOrders(orders: Order[]): Summary[] {
  return _(orders)
    .groupBy("customer")
    .map((own, customer) => ({
      customer,
      orders: own.length,
      spent: _.sumBy(own, (order) => order.quantity * order.price),
      favourite: favouriteOf(own),
    }))
    .orderBy(["spent", "customer"], ["desc", "asc"])
    .value();
}

function favouriteOf(orders: Order[]): string {
  const quantities = _.mapValues(
    _.groupBy(orders, "product"),
    (same) => _.sumBy(same, "quantity"),
  );
  return _.maxBy(Object.keys(quantities), (product) => quantities[product]) ??
    "";
}
